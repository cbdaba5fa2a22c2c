"""Real servers for tests, on loopback: feeds over HTTP, SMTP, and a stand-in for Slack."""
