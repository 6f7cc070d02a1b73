//! The `penstock` command.

use penstock_cli::{Console, Paint, run};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let paints = (Paint::of(&out), Paint::of(&err));
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        out_paint: paints.0,
        err_paint: paints.1,
    };
    let code = run(std::env::args_os().skip(1), &mut console);
    // A reader that has seen enough closes the pipe: nobody is left to tell.
    let _ = out.flush();
    ExitCode::from(code)
}
