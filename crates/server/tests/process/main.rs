//! The program itself, as a process: killed in the middle of its work, and searched for what it should not have kept.

mod canary;
mod kill;
mod program;
mod settings;
