"""GraphQL documents that the demo and the tour send to a server. Each has one root field."""

_REFUSAL = "... on Refusal { code message }"
_VERDICT = "verdict { outcome code points message }"

REGISTER = f"""mutation ($input: RegisterMemberInput!, $key: ID!) {{
  registerMember(input: $input, idempotencyKey: $key) {{
    __typename
    ... on MemberRegistered {{ member {{ miId market }} {_VERDICT} }}
    {_REFUSAL}
  }}
}}"""

EARN = f"""mutation ($input: EarnPointsInput!, $key: ID!) {{
  earnPoints(input: $input, idempotencyKey: $key) {{
    __typename
    ... on PointsVerdict {{ {_VERDICT} }}
    {_REFUSAL}
  }}
}}"""

RECORD_ORDER = f"""mutation ($input: RecordOrderInput!, $key: ID!) {{
  recordOrder(input: $input, idempotencyKey: $key) {{
    __typename
    ... on OrderRecorded {{ order {{ number pointsPending }} {_VERDICT} }}
    {_REFUSAL}
  }}
}}"""

REDEEM = f"""mutation ($input: RedeemPointsInput!, $key: ID!) {{
  redeemPoints(input: $input, idempotencyKey: $key) {{
    __typename
    ... on PointsRedeemed {{ coupon {{ code state value {{ amountMinor currency }} expiresAt }} entry {{ points }} }}
    {_REFUSAL}
  }}
}}"""

BALANCE = "query { me { balance { available pending debt } } }"
ORDER = "query ($number: String!) { order(number: $number) { number pointsCredited pointsPending } }"
TERMS = "query ($market: Market!) { terms(market: $market) { version ways { kind points } } }"
CAMPAIGNS = "query ($market: Market!) { campaigns(market: $market) { name startsAt endsAt productIds } }"
REWARDS = "query ($market: Market!) { rewards(market: $market) { id name cost } }"
HISTORY = """query {
  me { pointsHistory(first: 100) { nodes { kind points balanceAfter occurredAt reference description } } }
}"""
