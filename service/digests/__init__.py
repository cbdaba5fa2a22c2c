"""From stories to a digest (select, compose) and from a digest to its faces (render). Pure."""
