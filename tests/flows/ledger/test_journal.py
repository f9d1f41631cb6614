"""How points move: an entry has the same contents whichever path wrote it."""

from tests.flows.programme.test_campaigns import create, joined
from tests.support.stage import Stage
from tests.support.verdict_calls import adjusted

NAME = "Double points"


async def of_the_order(stage: Stage, kind: str) -> list[str]:
    """The references of an order's transfers of one kind, in the order of the ledger."""
    rows = await stage.owner.fetch(
        "select reference from transfers where kind = $1 and source = 'order:ORD-1' order by seq", kind
    )
    return [row["reference"] for row in rows]


async def repayments_beside_their_credits(stage: Stage) -> list[tuple[tuple[object, ...], tuple[object, ...]]]:
    """The fields of each repayment of a debt, paired with those of the credit that pays it."""
    columns = ("reference", "source", "verdict_id", "occurred_at", "lapses_on", "reverses")
    rows = await stage.owner.fetch(
        f"""
        select {", ".join(f"r.{each} as r_{each}, c.{each} as c_{each}" for each in columns)}
        from transfers r join transfers c on c.member_id = r.member_id and c.seq = r.entry_seq
        where r.kind = 'DEBT_REPAYMENT'
        order by r.seq
        """
    )
    return [(tuple(row[f"r_{each}"] for each in columns), tuple(row[f"c_{each}"] for each in columns)) for row in rows]


async def test_a_repayment_has_the_fields_of_its_credit_whichever_path_wrote_it(stage: Stage):
    """R36: credited by a delivery's settlement, by the sweeper when a hold is over, and by an operator."""
    await joined(stage)
    await create(stage, kinds=["PURCHASE", "SOCIAL_SHARE"])
    await stage.order("ORD-1", [("1", 1, 10000)])
    await adjusted(stage, -1000)
    await stage.delivered("ORD-1")
    await stage.earn({"socialShare": {"productId": "p-1"}})
    await stage.advance(minutes=5)
    await adjusted(stage, 10)
    found = await repayments_beside_their_credits(stage)
    assert [repayment for repayment, _ in found] == [credit for _, credit in found]
    references = [repayment[0] for repayment, _ in found]
    assert (references[:2], set(references[2:4]), references[4:]) == ([NAME, "ORD-1"], {NAME, "p-1"}, [None])


async def test_promised_and_void_points_of_a_campaign_name_the_campaign_whichever_path_wrote_them(stage: Stage):
    """R21: promised when the order is placed and when its lost parcel is found; void when it is lost."""
    await joined(stage)
    await create(stage)
    await stage.order("ORD-1", [("1", 1, 10000)], parcels={"T1": {"1": 1}})
    assert sorted(await of_the_order(stage, "PROMISE")) == [NAME, "ORD-1"]
    await stage.send_event("shipment.lost", "ORD-1", tracking_number="T1", occurred_at="2026-11-03T10:00:00Z")
    assert sorted(await of_the_order(stage, "VOID")) == [NAME, "ORD-1"]
    await stage.send_event("shipment.delivered", "ORD-1", tracking_number="T1", occurred_at="2026-11-04T10:00:00Z")
    assert sorted(await of_the_order(stage, "PROMISE")) == [NAME, NAME, "ORD-1", "ORD-1"]
