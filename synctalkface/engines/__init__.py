"""The model in use, its drawing done by the runtime that is quickest here: torch, ONNX Runtime or OpenVINO.

An engine is the model: it recalls lips and encodes the reference as ever, and only `draw`, the work of every frame, is
done elsewhere.
"""
