"""Who may do what, asked of the server as `kubectl auth can-i --as` asks it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.cluster

# Places: `runs` is Kubeflow's namespace, `store` the database's, `silo A` and `silo B`
# those of two silos, `anywhere` all namespaces and what lies in none. Actions are as
# kubectl takes them. Whoever isn't named is told no.
TABLE = """
place    | action                                        | who may

runs     | list pods                                     | runner, operator, reviewer
runs     | get pods --subresource=log                    | operator
runs     | create pods --subresource=portforward         | operator, reviewer
runs     | create pods --subresource=exec                | nobody
runs     | create pods                                   | nobody
runs     | delete pods                                   | nobody
runs     | create jobs                                   | runner
runs     | delete jobs                                   | runner
runs     | update jobs                                   | nobody
runs     | list events                                   | runner, operator
runs     | list workflows.argoproj.io                    | operator
runs     | create workflows.argoproj.io                  | nobody
runs     | create workflowtaskresults.argoproj.io        | runner
runs     | get services/ml-pipeline-ui                   | operator, reviewer
runs     | list services                                 | operator
runs     | get services/ml-pipeline:http --subresource=proxy | operator
runs     | get configmaps/kfp-launcher                   | runner, operator
runs     | update configmaps/kfp-launcher                | nobody
runs     | get configmaps/fairsilo-silos                 | operator
runs     | update configmaps/fairsilo-silos              | operator
runs     | update configmaps/fairsilo-settings           | operator
runs     | get secrets/mlpipeline-minio-artifact         | runner
runs     | get secrets/fairsilo-store                    | nobody
runs     | list secrets                                  | nobody
runs     | create serviceaccounts --subresource=token    | nobody
runs     | update persistentvolumeclaims/fairsilo-root   | nobody
runs     | update rolebindings                           | nobody

store    | list pods                                     | operator
store    | get pods --subresource=log                    | operator
store    | create pods --subresource=portforward         | operator
store    | create pods --subresource=exec                | nobody
store    | list cronjobs                                 | operator
store    | create jobs                                   | nobody
store    | update statefulsets                           | nobody
store    | get secrets/fairsilo-mysql                    | nobody

silo A   | list pods                                     | operator, owner of A
silo A   | get pods --subresource=log                    | owner of A
silo A   | create pods --subresource=portforward         | nobody
silo A   | create pods --subresource=exec                | nobody
silo A   | create pods                                   | nobody
silo A   | list deployments                              | operator, owner of A
silo A   | update deployments/worker --subresource=scale | owner of A
silo A   | update deployments/worker                     | nobody
silo A   | list networkpolicies                          | owner of A
silo A   | update networkpolicies                        | nobody
silo A   | list rolebindings                             | owner of A
silo A   | create rolebindings                           | nobody
silo A   | list secrets                                  | nobody
silo A   | create serviceaccounts --subresource=token    | nobody

silo B   | list pods                                     | operator
silo B   | get pods --subresource=log                    | nobody
silo B   | list persistentvolumeclaims                   | operator
silo B   | list deployments                              | operator
silo B   | update deployments/worker --subresource=scale | nobody
silo B   | list networkpolicies                          | nobody
silo B   | list secrets                                  | nobody

anywhere | list namespaces                               | nobody
anywhere | list pods                                     | nobody
anywhere | list secrets                                  | nobody
anywhere | list persistentvolumes                        | nobody
anywhere | create clusterrolebindings                    | nobody
anywhere | impersonate users                             | nobody
"""
ROWS = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in TABLE.strip().splitlines()[1:]
    if line
]
IDS = [f"{place}: {action}" for place, action, _ in ROWS]


def bound_group(cluster, label, namespace):
    """Return the one group that the bindings with our label give their roles to."""
    (group,) = {
        subject["name"]
        for one in cluster.objects
        if one["kind"] == "RoleBinding"
        and one["metadata"]["namespace"] == namespace
        and one["metadata"].get("labels", {}).get("fairsilo.io/group") == label
        for subject in one["subjects"]
    }
    return group


def member(group):
    return ["--as=someone", f"--as-group={group}"]


def account(namespace, name):
    return [f"--as=system:serviceaccount:{namespace}:{name}"]


@pytest.fixture(scope="module")
def people(cluster):
    """How kubectl is told to ask for each of the table's people."""
    silo = cluster.silos[0]
    return {
        "runner": account("kubeflow", "fairsilo-runner"),
        "shard": account("kubeflow", "fairsilo-shard"),
        "operator": member(bound_group(cluster, "operators", "kubeflow")),
        "reviewer": member(bound_group(cluster, "reviewers", "kubeflow")),
        "owner of A": member(bound_group(cluster, "owners", silo)),
        "worker of A": account(silo, "silo-worker"),
        "database": account("fairsilo", "fairsilo-mysql"),
        "known to nobody": ["--as=someone"],
    }


@pytest.fixture(scope="module")
def places(cluster):
    return {
        "runs": "--namespace=kubeflow",
        "store": "--namespace=fairsilo",
        "silo A": f"--namespace={cluster.silos[0]}",
        "silo B": f"--namespace={cluster.silos[1]}",
        "anywhere": "--all-namespaces",
    }


@pytest.mark.parametrize(("place", "action", "who"), ROWS, ids=IDS)
def test_the_table_holds(cluster, people, places, place, action, who):
    asked = ["auth", "can-i", *action.split(), places[place]]
    answers = {name: cluster.kubectl(*asked, *way) for name, way in people.items()}
    may = {name for name, answer in answers.items() if answer.stdout == "yes\n"}
    may_not = {name for name, answer in answers.items() if answer.stdout == "no\n"}
    assert may == ({*who.split(", ")} - {"nobody"})
    assert may | may_not == {*people}


def test_groups_are_not_each_others(cluster):
    a, b = cluster.silos[:2]
    groups = {
        *(bound_group(cluster, of, "kubeflow") for of in ("operators", "reviewers")),
        *(bound_group(cluster, "owners", silo) for silo in (a, b)),
    }
    assert len(groups) == 4


@pytest.mark.parametrize("what", ["pods", "secrets", "configmaps"])
def test_strangers_see_nothing_in_any_namespace(cluster, what):
    stranger = ("--as=system:anonymous", "--as-group=system:unauthenticated")
    for namespace in ("kubeflow", "fairsilo", *cluster.silos):
        get = ("get", what, f"--namespace={namespace}", *stranger)
        refusal = cluster.kubectl.refusal(*get)
        assert 'User "system:anonymous" cannot list resource' in refusal
