//! How does the process start and end?

fn main() -> std::process::ExitCode {
    overheard::cli::main()
}
