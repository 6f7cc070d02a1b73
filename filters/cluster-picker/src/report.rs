//! What a backend says of its load.
