//! Whatever the split, the holds, the callouts and the ending.
