"""Training data: find the clips, cut out the faces, pack them, draw windows from them."""
