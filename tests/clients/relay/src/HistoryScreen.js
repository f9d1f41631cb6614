// A history that is read page by page, and refetched through node(id): @connection and @refetchable, as in Relay apps.
import { graphql } from "relay-runtime";

graphql`
  query HistoryScreenQuery {
    me {
      ...HistoryScreen_member
      balance {
        ...HistoryScreen_balance
      }
    }
  }
`;

graphql`
  fragment HistoryScreen_member on Member
  @refetchable(queryName: "HistoryScreenPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }, kinds: { type: "[EntryKind!]" }) {
    id
    pointsHistory(first: $first, after: $after, kinds: $kinds) @connection(key: "HistoryScreen_pointsHistory") {
      edges {
        node {
          id
          kind
          points
          balanceAfter
          verdict {
            ...HistoryScreen_verdict
          }
        }
      }
    }
  }
`;

graphql`
  fragment HistoryScreen_balance on Balance {
    available
    pending
  }
`;

graphql`
  fragment HistoryScreen_verdict on Verdict @refetchable(queryName: "HistoryScreenVerdictQuery") {
    outcome
    message
    entries {
      id
      points
    }
  }
`;

graphql`
  mutation HistoryScreenShareMutation($input: EarnPointsInput!, $key: ID!) {
    earnPoints(input: $input, idempotencyKey: $key) {
      ... on PointsVerdict {
        verdict {
          ...HistoryScreen_verdict
        }
        member {
          balance {
            ...HistoryScreen_balance
          }
        }
      }
      ... on Refusal {
        code
        message
      }
    }
  }
`;

graphql`
  fragment HistoryScreen_coupons on Member
  @refetchable(queryName: "HistoryScreenCouponsQuery")
  @argumentDefinitions(last: { type: "Int", defaultValue: 5 }, before: { type: "String" }) {
    coupons(last: $last, before: $before) @connection(key: "HistoryScreen_coupons") {
      edges {
        node {
          code
          state
        }
      }
    }
  }
`;
