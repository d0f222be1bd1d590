//! Who is told of a mention, and why?
