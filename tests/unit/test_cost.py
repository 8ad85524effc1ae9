"""Fixed monthly cost, from templates small enough to add up by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlplatform.settings import Environment
from tools.cost import Prices, borrowed, load_prices, main, monthly_cost, monthly_total, unpriced

PRICES = Prices.model_validate(
    {
        "as_of": "2026-01-31",
        "source": "made up",
        "currency": "USD",
        "hours_per_month": 100,
        "fallback_region": "us-east-1",
        "hourly": {
            "us-east-1": {
                "interface_endpoint_zone": 0.01,
                "mlflow_server_small": 0.6,
                "nat_gateway": 0.04,
                "public_ipv4_address": 0.005,
            },
            "eu-west-1": {"interface_endpoint_zone": 0.02, "nat_gateway": 0.05, "public_ipv4_address": 0.005},
        },
        "monthly": {
            "kms_key": 1,
            "alarm_metric": 0.1,
            "alarm_metric_high_resolution": 0.3,
            "composite_alarm": 0.5,
            "dashboard": 3,
            "secret": 0.4,
            "hosted_zone": 0.5,
        },
        "unpriced": ["AWS::SageMaker::Endpoint"],
    }
)


def template(*resources: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {"Resources": {f"R{n}": {"Type": kind, "Properties": p} for n, (kind, p) in enumerate(resources)}}


def endpoint(kind: str, zones: int) -> tuple[str, dict[str, Any]]:
    return "AWS::EC2::VPCEndpoint", {
        "VpcEndpointType": kind,
        "SubnetIds": [{"Ref": f"S{n}"} for n in range(zones)],
    }


def costs(*resources: tuple[str, dict[str, Any]], region: str = "eu-west-1") -> dict[str, Any]:
    return {
        line.item: (line.count, line.total) for line in monthly_cost(template(*resources), region, PRICES)
    }


def test_an_interface_endpoint_costs_per_zone_and_a_gateway_endpoint_nothing() -> None:
    assert costs(endpoint("Interface", 3), endpoint("Interface", 2), endpoint("Gateway", 0)) == {
        "interface endpoint, per zone": (5, pytest.approx(10.0))
    }
    assert costs(("AWS::EC2::VPCEndpoint", {"RouteTableIds": []})) == {}


def test_an_interface_endpoint_whose_zones_cannot_be_counted_is_refused() -> None:
    split = {"VpcEndpointType": "Interface", "SubnetIds": {"Fn::Split": [",", {"Fn::ImportValue": "x"}]}}
    with pytest.raises(ValueError, match="must list its subnets"):
        costs(("AWS::EC2::VPCEndpoint", split))


def test_a_region_without_prices_costs_what_the_fallback_region_does() -> None:
    nat: tuple[str, dict[str, Any]] = ("AWS::EC2::NatGateway", {})
    assert costs(nat, region="eu-west-1") == {"NAT gateway": (1, pytest.approx(5.0))}
    assert costs(nat, region="sa-east-1") == {"NAT gateway": (1, pytest.approx(4.0))}


def test_what_costs_the_same_everywhere_is_counted_by_kind() -> None:
    assert costs(
        ("AWS::KMS::Key", {}),
        ("AWS::KMS::ReplicaKey", {}),
        ("AWS::EC2::EIP", {}),
        ("AWS::SecretsManager::Secret", {}),
        ("AWS::CloudWatch::Dashboard", {}),
        ("AWS::CloudWatch::CompositeAlarm", {}),
        ("AWS::Route53::HostedZone", {}),
        ("AWS::S3::Bucket", {}),
    ) == {
        "KMS key": (2, 2.0),
        "public IPv4 address": (1, pytest.approx(0.5)),
        "secret": (1, 0.4),
        "dashboard": (1, 3.0),
        "composite alarm": (1, 0.5),
        "hosted zone": (1, 0.5),
    }


def test_an_alarm_costs_per_metric_it_watches() -> None:
    def stat(period: int) -> dict[str, Any]:
        return {"MetricStat": {"Metric": {}, "Period": period, "Stat": "Sum"}}

    ratio = {"Expression": "100 * a / b"}
    band = {"Expression": "ANOMALY_DETECTION_BAND(a, 2)"}
    assert costs(
        ("AWS::CloudWatch::Alarm", {"Period": 300}),
        ("AWS::CloudWatch::Alarm", {"Metrics": [ratio, stat(60), stat(300)]}),
        ("AWS::CloudWatch::Alarm", {"Metrics": [band, stat(60)]}),
        ("AWS::CloudWatch::Alarm", {"Period": 10}),
    ) == {"alarm, per metric": (6, pytest.approx(0.6)), "alarm below 60 s, per metric": (1, 0.3)}


def test_what_bills_by_the_hour_without_a_listed_price_is_counted_apart() -> None:
    served = template(("AWS::SageMaker::Endpoint", {}), ("AWS::KMS::Key", {}))
    assert unpriced(served, PRICES) == {"AWS::SageMaker::Endpoint": 1}


def tracking_server(size: str | None = None) -> tuple[str, dict[str, Any]]:
    return "AWS::SageMaker::MlflowTrackingServer", {"TrackingServerSize": size} if size else {}


def test_a_tracking_server_costs_by_its_size_and_the_smallest_is_the_default() -> None:
    small = {"MLflow tracking server, small": (1, pytest.approx(60.0))}
    assert costs(tracking_server("Small"), region="us-east-1") == small
    assert costs(tracking_server(), region="us-east-1") == small
    assert costs(("AWS::SageMaker::MlflowApp", {})) == {}
    with pytest.raises(ValueError, match="must say its size"):
        costs(tracking_server("Huge"))


def test_an_item_that_only_the_fallback_region_prices_is_priced_there_and_named() -> None:
    served = template(tracking_server("Small"), ("AWS::EC2::NatGateway", {}), ("AWS::KMS::Key", {}))
    assert costs(tracking_server("Small"), region="eu-west-1")["MLflow tracking server, small"] == (
        1,
        pytest.approx(60.0),
    )
    assert borrowed(served, "eu-west-1", PRICES) == ["MLflow tracking server, small"]
    assert borrowed(served, "us-east-1", PRICES) == []
    assert borrowed(served, "sa-east-1", PRICES) == []  # said once for the whole region


def test_a_size_without_a_listed_price_is_counted_apart() -> None:
    served = template(tracking_server("Large"), tracking_server("Small"), ("AWS::SageMaker::Endpoint", {}))
    assert unpriced(served, PRICES) == {"MLflow tracking server, large": 1, "AWS::SageMaker::Endpoint": 1}
    assert [line.item for line in monthly_cost(served, "us-east-1", PRICES)] == [
        "MLflow tracking server, small"
    ]


def serving(*variants: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A configuration of an endpoint."""
    return "AWS::SageMaker::EndpointConfig", {"ProductionVariants": list(variants)}


def test_an_endpoint_costs_the_instances_of_production_and_not_those_of_what_is_there_for_hours() -> None:
    production = {"VariantName": "production", "InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}
    challenger = {"Fn::If": ["HasChallenger", {**production, "VariantName": "challenger"}, {}]}
    config = serving(production, challenger)
    config[1]["ShadowProductionVariants"] = {"Fn::If": ["HasShadow", [production], {}]}
    (line,) = monthly_cost(template(config), "us-east-1", load_prices())
    assert (line.item, line.count) == ("ml.m5.large of an endpoint, once a version serves", 2)
    assert line.total == pytest.approx(2 * 0.115 * 730)


def test_of_several_instance_types_the_first_is_priced_and_one_without_a_price_is_counted_apart() -> None:
    pools = [{"InstanceType": name, "Priority": n} for n, name in enumerate(("ml.g5.xlarge", "ml.m5.large"))]
    served = template(serving({"InitialInstanceCount": 3, "InstancePools": pools}))
    assert unpriced(served, load_prices()) == {"ml.g5.xlarge of an endpoint, once a version serves": 3}
    assert monthly_cost(served, "us-east-1", load_prices()) == []


def test_serverless_costs_what_it_keeps_ready() -> None:
    ready = serving({"ServerlessConfig": {"MemorySizeInMB": 2048, "ProvisionedConcurrency": 4}})
    idle = serving({"ServerlessConfig": {"MemorySizeInMB": 2048}})
    named = "provisioned concurrency of an endpoint, once a version serves"
    assert unpriced(template(ready), load_prices()) == {named: 4}
    assert unpriced(template(idle), load_prices()) == {}


def test_whatever_sagemaker_and_ecr_bill_for_is_known(templates: dict[tuple[str, str], Any]) -> None:
    prices = load_prices()
    made = {r["Type"] for content in templates.values() for r in content["Resources"].values()}
    ours = {kind for kind in made if kind.startswith(("AWS::ECR::", "AWS::SageMaker::"))}
    assert ours <= prices.free_at_rest | prices.unpriced | {"AWS::SageMaker::MlflowTrackingServer"}
    assert not prices.free_at_rest & prices.unpriced


def test_tracking_costs_its_interface_endpoint(
    templates: dict[tuple[str, str], Any], environments: dict[str, Environment]
) -> None:
    small = environments["small"]
    lines = {line.item: line for line in monthly_cost(templates["small", "Network"], "eu-west-1", PRICES)}
    services = small.endpoint_services
    assert "experiments" in services
    zones = len(small.network.availability_zones)
    assert lines["interface endpoint, per zone"].count == zones * len(services)


def test_the_carried_price_list_prices_every_item_in_every_listed_region() -> None:
    prices = load_prices()
    everything = template(
        endpoint("Interface", 1),
        ("AWS::EC2::NatGateway", {}),
        ("AWS::EC2::EIP", {}),
        ("AWS::KMS::Key", {}),
        ("AWS::CloudWatch::Alarm", {}),
        ("AWS::CloudWatch::Alarm", {"Period": 10}),
        ("AWS::CloudWatch::CompositeAlarm", {}),
        ("AWS::CloudWatch::Dashboard", {}),
        ("AWS::SecretsManager::Secret", {}),
        ("AWS::Route53::HostedZone", {}),
        tracking_server("Small"),
    )
    for region in prices.hourly:
        lines = monthly_cost(everything, region, prices)
        assert len(lines) == len(everything["Resources"])
        assert all(line.unit_price > 0 for line in lines)
        assert monthly_total(everything, region) == pytest.approx(sum(line.total for line in lines))


def synthesize(outdir: Path, environment: str, region: str, content: dict[str, Any]) -> None:
    folder = outdir / f"assembly-{environment}"
    folder.mkdir(parents=True)
    (folder / "Network.template.json").write_text(json.dumps(content))
    artifact = {
        "type": "aws:cloudformation:stack",
        "displayName": f"{environment}/Network ({environment}-network)",
        "environment": f"aws://111111111111/{region}",
        "properties": {"templateFile": "Network.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"network": artifact}}))


def test_the_report_adds_up_and_says_what_it_leaves_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = template(endpoint("Interface", 2), ("AWS::KMS::Key", {}), ("AWS::SageMaker::Cluster", {}))
    synthesize(tmp_path, "dev", "eu-west-1", content)
    synthesize(tmp_path, "prod", "sa-east-1", content)
    assert main(["dev", "--outdir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["Network", "interface", "endpoint,", "per", "zone", "2", "8.03", "16.06"]
    assert lines[3].split() == ["Network", "KMS", "key", "1", "1.00", "1.00"]
    assert lines[4].split() == ["total", "17.06"]
    assert f"List prices of {load_prices().as_of} in eu-west-1." in lines
    assert "Not included, no price listed: AWS::SageMaker::Cluster (1)." in lines
    assert lines[-1].startswith("Not included, depends on use: ")
    assert main(["prod", "--outdir", str(tmp_path)]) == 0
    assert "in us-east-1: none are listed for sa-east-1." in capsys.readouterr().out


def test_the_report_says_of_which_region_a_price_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    synthesize(tmp_path, "dev", "eu-west-1", template(tracking_server("Small"), tracking_server("Large")))
    assert main(["dev", "--outdir", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Price of us-east-1, none is listed for eu-west-1: MLflow tracking server, small." in lines
    assert "Not included, no price listed: MLflow tracking server, large (1)." in lines


def test_an_unknown_environment_is_answered_with_those_that_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dev", "--outdir", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == "no synthesized environment 'dev': run make synth first\n"
    synthesize(tmp_path, "prod", "eu-west-1", {})
    assert main(["dev", "--outdir", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"no synthesized environment 'dev': {tmp_path} has prod\n"
