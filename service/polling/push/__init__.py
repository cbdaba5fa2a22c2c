"""Subscribing at hubs, which push (WebSub): every decision, and no request. Pure."""
