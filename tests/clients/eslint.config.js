// The rules of @graphql-eslint for the schema and the app's operations; they find nothing. Run beside schema.graphql:
//   node tests/clients/node_modules/eslint/bin/eslint.js --config tests/clients/eslint.config.js schema.graphql api/operations
// A comment gives the reason wherever a rule is weaker than in its preset; docs/graphql.md has the reasons too.
import plugin from "@graphql-eslint/eslint-plugin";

const presets = (...names) => Object.assign({}, ...names.map((name) => plugin.configs[`flat/${name}`].rules));
const SCHEMA = "schema.graphql", OPERATIONS = "api/operations/*.graphql";

// Types without an `id`, because nothing needs to find them again: pages and places in them, ...
const PAGES = ["Connection", "Edge", "PageInfo"];
// ... values that are parts of something, ...
const VALUES = [
  "Balance", "Cap", "CartCoupon", "EarningTerm", "Explanation", "FuelStreak", "LapsingPoints", "Liability", "Money",
  "Parcel", "PastRefusal", "RewardProgress", "Terms", "WayToEarn",
];
// ... answers of mutations and subscriptions, ...
const ANSWERS = [
  "BalanceChanged", "CampaignSaved", "CouponChanged", "ExclusionLifted", "MemberChanged", "MemberRegistered", "OrderRecorded",
  "PointsRedeemed", "PointsVerdict", "ProductsExcluded", "RewardSaved", "WebhookReplayed",
];
// ... and refusals.
const REFUSALS = [
  "CouponNotUsable", "IdempotencyMismatch", "InvalidInput", "LimitReached", "MemberNotActive", "NotAllowed",
  "NotEligible", "NotEnoughPoints", "NotFound", "RewardUnavailable", "Unavailable",
];

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: plugin.parser,
      parserOptions: { graphQLConfig: { schema: SCHEMA, documents: OPERATIONS } },
    },
    plugins: { "@graphql-eslint": plugin },
  },
  {
    files: [SCHEMA],
    rules: {
      ...presets("schema-recommended", "schema-relay"),
      "@graphql-eslint/strict-id-in-types": [
        "error", { exceptions: { suffixes: PAGES, types: [...VALUES, ...ANSWERS, ...REFUSALS] } },
      ],
      // The only directive is @oneOf, the specification's own (September 2025); it is declared for older parsers.
      "@graphql-eslint/require-description": ["error", { types: true, rootField: true }],
      // Relay needs arguments to page forwards, backwards or both. The contract has both for the points history and the
      // coupons; the other lists are read forwards only.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
      // Short lists (ways to earn, lines of an order) are plain lists in the contract; and every page has `nodes` beside
      // its `edges`, for clients that need no cursors. A past refusal has no id of its own: it is read from an answer that
      // was stored under a key.
      "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
    },
  },
  {
    files: [OPERATIONS],
    rules: {
      ...presets("operations-recommended"),
      // Relay's compiler refuses other names: an operation has the name of its file and its kind, a fragment the name of
      // its file and its subject.
      "@graphql-eslint/naming-convention": ["error", {
        VariableDefinition: "camelCase",
        "OperationDefinition[operation=query]": { style: "PascalCase", requiredPattern: /Query$/ },
        "OperationDefinition[operation=mutation]": { style: "PascalCase", requiredPattern: /Mutation$/ },
        "OperationDefinition[operation=subscription]": { style: "PascalCase", requiredPattern: /Subscription$/ },
        FragmentDefinition: { requiredPattern: /^[A-Z][A-Za-z]*_[a-z][A-Za-z]*$/ },
      }],
    },
  },
];
