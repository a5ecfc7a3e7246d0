"""Models behind HTTP servers: checked before they are asked, asked within limits, and asked again where it helps."""
