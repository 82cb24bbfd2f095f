"""What computes a network: OpenCV, ONNX Runtime, LiteRT, behind one interface."""
