"""Puts the web before monitoring."""

from flask import Flask

from db.idempotency import AnswerStore
from fleet.web.app import Route, add_routes, make_app
from fleet.web.health import Readiness
from fleet.web.idempotency import keep_answers
from fleet.web.jobs import job_routes
from fleet.web.metrics import metrics_of
from monitoring.config.settings import MonitoringSettings
from monitoring.services import create_services
from monitoring.web.controller.loops import LoopList, OneLoop
from monitoring.web.controller.monitoring import Monitoring
from monitoring.web.controller.policy import PolicyOfUseCase, PolicyTest
from monitoring.web.controller.results import Result, Results
from monitoring.web.controller.verdicts import Verdict, VerdictList
from monitoring.web.metrics import verdict_metrics
from monitoring.web.standing_metrics import standing_metrics


def create_app(settings: MonitoringSettings | None = None) -> Flask:
    """Monitoring's app; settings come from the environment unless given."""
    settings = settings or MonitoringSettings()
    app = make_app("monitoring", settings)
    services = create_services(settings)
    keep_answers(app, AnswerStore(services.database.own_connections()).claim)
    metrics = metrics_of(app)
    metrics.watch_pool(services.database.connections, services.database.in_use)
    metrics.read_at_scrape(lambda: verdict_metrics(services.monitoring.last_verdicts()))
    metrics.read_at_scrape(lambda: standing_metrics(services.standing()))
    monitoring, verdicts = {"monitoring": services.monitoring}, {"verdicts": services.verdicts}
    loops = {"loops": services.loops, "records": services.loop_records}
    routes = [
        Route(Monitoring, [""], {**monitoring, **verdicts}),
        Route(Results, ["/results"], monitoring),
        Route(Result, ["/results/<int:result_id>"], monitoring),
        Route(VerdictList, ["/verdicts"], verdicts),
        Route(Verdict, ["/verdicts/<int:verdict_id>"], verdicts),
        Route(PolicyOfUseCase, ["/policy"], {"policies": services.policies}),
        Route(PolicyTest, ["/policy/test"], {"telling": services.telling}),
        Route(LoopList, ["/loops"], {**loops, "path": settings.path}),
        Route(OneLoop, ["/loops/<int:loop_id>"], loops),
        *job_routes(services.jobs),
    ]
    add_routes(app, routes, prefixes=[settings.path], ready=Readiness(app, services.checks))
    services.start()
    return app
