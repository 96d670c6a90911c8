"""The LivePortrait engine: renders Motions on portraits with LivePortrait's own networks, which stay where they were cloned."""

VERSION = "1"
