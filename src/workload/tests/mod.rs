//! What the language accepts, and what it says to what it does not.

mod language;
