"""What is answered to requests from outside, over HTTP."""
