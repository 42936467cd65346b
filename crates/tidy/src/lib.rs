//! Tests of the repository itself; there is no code here.
