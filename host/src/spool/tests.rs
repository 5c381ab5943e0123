//! The spool as a whole.

mod age;
mod appending;
mod crash;
mod damage;
mod full;
mod reading;
mod view;
