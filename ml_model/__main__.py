"""`python -m ml_model`: serve, as the environment says."""

from fleet.web.server import serve
from ml_model.config.settings import MlModelSettings

if __name__ == "__main__":
    serve("ml_model.web.app:create_app", MlModelSettings)
