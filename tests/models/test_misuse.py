"""What a newcomer passes by mistake is told in one line, at the line where it happened."""

import pytest

from models import Endpoint, Host, Network, Request, Response
from models.resilience import CircuitBreaker, Outbox, Retry, Timeout
from models.services import Service, Work
from models.workload import Client, OpenLoop
from simulator import Environment


@pytest.fixture
def env():
    return Environment(seed=1)


@pytest.fixture
def host(env):
    return Host(env, "web")


@pytest.fixture
def service(env, host):
    return Service(env, "shop", [host], lambda _: Work(0.1))


TAKES_A_TARGET = {
    "timeout": lambda env, host, target: Timeout(env, target, 0.5),
    "retry": lambda env, host, target: Retry(env, target),
    "breaker": lambda env, host, target: CircuitBreaker(env, target),
    "outbox": lambda env, host, target: Outbox(env, target),
    "client": lambda env, host, target: Client(env, target),
    "workload": lambda env, host, target: OpenLoop(env, target, rate=1.0),
    "connection": lambda env, host, target: Network(env).connect(host, target),
}


@pytest.mark.parametrize("make", TAKES_A_TARGET.values(), ids=TAKES_A_TARGET)
def test_a_service_is_no_target_but_its_instances_are(make, env, host, service):
    hint = r"target must be an Endpoint, got Service\('shop'\); a service is called through its instances"
    with pytest.raises(TypeError, match=hint):
        make(env, host, service)
    make(env, host, service.instances[0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda env, host, it: Timeout(env, 0.5, it), r"target must be an Endpoint, got 0\.5"),
        (lambda env, host, it: Timeout(env, it, "0.5"), r"timeout must be a number of seconds, got '0\.5'"),
        (
            lambda env, host, it: CircuitBreaker(env, it, 0.5),
            r"settings must be .*such as hystrix\(\), got 0\.5",
        ),
        (lambda env, host, it: Host(env, "db", zone="a"), "zone must be a Zone, got 'a'"),
        (
            lambda env, host, it: Work("0.1"),
            r"demand must be a Distribution or a number of seconds, got '0\.1'",
        ),
        (
            lambda env, host, it: OpenLoop(env, it, rate="9"),
            "rate must be a number per s or a RateShape, got '9'",
        ),
        (
            lambda env, host, it: Service(env, "x", host, lambda _: Work(0.1)),
            r"hosts must be a list of hosts, got Host\('web'\) alone",
        ),
        (
            lambda env, host, it: Service(env, "x", [host], Work(0.1)),
            r"make_handler must be a function of a host, such as lambda host: Work\(demand=0\.1",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(make, message, env, host, service):
    with pytest.raises(TypeError, match=message):
        make(env, host, service.instances[0])


class NoGenerator(Endpoint):
    name = "mine"

    def call(self, request):
        return Response()


class ReturnsText(Endpoint):
    name = "mine"

    def call(self, request):
        yield 1.0
        return "hello"


class ForgetsToReturn(Endpoint):
    name = "mine"

    def call(self, request):
        yield 1.0


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [
        (NoGenerator(), r"call of NoGenerator\('mine'\) must be a generator, with a yield in it"),
        (ReturnsText(), r"call of ReturnsText\('mine'\) must return a Response, got 'hello'"),
        (ForgetsToReturn(), r"call of ForgetsToReturn\('mine'\) must return a Response, got None"),
    ],
)
def test_an_endpoint_that_breaks_the_rules_is_told_so(endpoint, message, env):
    Client(env, endpoint).issue(Request())
    with pytest.raises(TypeError, match=message):
        env.run()


class HasABug(Endpoint):
    def call(self, request):
        yield 1.0
        return request.no_such_attribute


class HasATypo(Endpoint):
    def call(self, request):
        yield 1.0
        return Response(1 + "1")


@pytest.mark.parametrize(
    ("endpoint", "error", "message"),
    [(HasABug(), AttributeError, "no_such_attribute"), (HasATypo(), TypeError, "unsupported operand")],
)
def test_an_error_inside_an_endpoint_passes_as_it_is(endpoint, error, message, env):
    Client(env, endpoint).issue(Request())
    with pytest.raises(error, match=message):
        env.run()


def test_an_endpoint_shows_its_name(env, service):
    assert repr(Timeout(env, service.instances[0], 0.5, name="patience")) == "Timeout('patience')"
