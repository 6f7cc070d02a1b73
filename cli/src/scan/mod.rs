//! `penstock scan`: what a filter finds in texts, a JSON line for each.

mod guard;
mod redactor;

use crate::Console;
use crate::args::{ScanArgs, Scanner};

/// Runs `penstock scan`.
pub(crate) fn run(args: &ScanArgs, console: &mut Console<'_>) -> u8 {
    match args.scanner {
        Scanner::Redactor => redactor::run(args, console),
        Scanner::Guard => guard::judge(args, console),
        Scanner::Leaks => guard::leaks(args, console),
    }
}
