"""Which selector and how many anchors reach a wanted resolution, before any target model exists."""
