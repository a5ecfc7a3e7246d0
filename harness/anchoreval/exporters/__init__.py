"""What leaves the house: anchors for people who do not install anchoreval, results where others look."""
