"""How estimated differences follow true ones, learnt from calibration models, and what that lets a test find."""
