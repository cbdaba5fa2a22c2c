"""Is it relevant, on which topics, and why: mentions, features, classifier, explanation. Pure."""
