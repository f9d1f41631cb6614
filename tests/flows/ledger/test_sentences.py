"""Sentences say what happened: those of a verdict, its line of history and its notice, by the event's facts (R60)."""

from tests.support.stage import Stage

OF_MEMBER = """{ me {
  verdicts(first: 10) { nodes { kind code points message } }
  pointsHistory(first: 10) { nodes { kind points description } }
  notices(first: 10) { nodes { kind message } } } }"""


async def test_a_clawback_says_why_and_what_is_owed_and_a_redemption_is_no_clawback(stage: Stage):
    """R32, R33, R36: the verdict, the line of history and the notice of one return say the same."""
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 500_00)])
    await stage.delivered("ORD-1")
    code = (await stage.redeem())["coupon"]["code"]
    await stage.returned("ORD-1", "R-1")
    await stage.order("ORD-2", [("1", 1, 20_00)])
    await stage.returned("ORD-2", "R-2")
    me = await stage.app("mi-1", OF_MEMBER)
    said = {(node["kind"], node["points"]): node["message"] for node in me["verdicts"]["nodes"]}
    taken = (
        "500 points taken back for the return of order ORD-1; your debt grows by 500 points, and the next points you "
        "earn repay it first."
    )
    assert said["REDEMPTION", -500] == f"500 points turned into coupon {code}."
    assert said["CLAWBACK", -500] == taken
    assert said["CLAWBACK", 0] == "20 pending points cancelled for the return of order ORD-2."
    lines = {node["kind"]: node["description"] for node in me["pointsHistory"]["nodes"]}
    assert (lines["REDEMPTION"], lines["CLAWBACK"]) == (said["REDEMPTION", -500], taken)
    assert [node["message"] for node in me["notices"]["nodes"]] == [taken]


async def test_points_forfeited_at_the_end_say_so_in_the_verdict_and_the_history(stage: Stage):
    """R5: the facts are those of the forfeit, and no operator debited them."""
    await stage.register()
    await stage.advance(minutes=5)
    await stage.order("ORD-1", [("1", 1, 20_00)])
    close = """mutation { setMemberState(
      miId: "mi-1", state: CLOSED, reason: "asked for", confirm: true, idempotencyKey: "close") {
        __typename } }"""
    await stage.ask(close, token=stage.token(scope="operator", name="op-1"))
    me = await stage.app("mi-1", OF_MEMBER)
    said = {(node["kind"], node["code"]): node["message"] for node in me["verdicts"]["nodes"]}
    assert said["ADJUSTMENT", "ADJUSTED"] == (
        "50 points forfeited at the end of the membership; 20 pending points cancelled as well."
    )
    assert said["PURCHASE", "DECLINED"] == "No points for your order ORD-1, because the membership ended first."
    assert me["pointsHistory"]["nodes"][0]["description"] == "50 points forfeited at the end of the membership."
