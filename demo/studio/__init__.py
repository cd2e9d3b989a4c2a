"""The web page around `synctalkface.LipSync`: upload a face and speech, watch the result."""
