// A tab with an example operation for each kind of caller.
import follow from "./operations/Follow.graphql?raw";
import history from "./operations/History.graphql?raw";
import liability from "./operations/Liability.graphql?raw";
import order from "./operations/Order.graphql?raw";
import pointsCenter from "./operations/PointsCenter.graphql?raw";
import rewards from "./operations/Rewards.graphql?raw";
import share from "./operations/Share.graphql?raw";

const asJson = (value) => JSON.stringify(value, null, 2);

export const EXAMPLES = [
  { query: pointsCenter },
  { query: history, variables: asJson({ first: 2, after: null }) },
  { query: share, variables: asJson({ product: "mi-band-9", key: crypto.randomUUID() }) },
  { query: follow },
  { query: order, variables: asJson({ key: crypto.randomUUID() }) },
  { query: liability },
  { query: rewards },
];
