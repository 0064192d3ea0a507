"""Plans and reviews as people read them."""
