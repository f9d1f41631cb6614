// Chooses the caller: in the sandbox one of its demo people, elsewhere by a bearer token. The token stays in memory only.
import { useGraphiQLActions } from "@graphiql/react";
import { useEffect, useState } from "react";

import { callAs } from "./fetcher.js";

async function demoPeople() {
  const answer = await fetch("/explorer/people", { credentials: "omit" });
  return answer.ok ? (await answer.json()).people : [];
}

export function SignIn() {
  const { introspect } = useGraphiQLActions();
  const [people, setPeople] = useState(null);
  useEffect(() => {
    demoPeople().then(setPeople);
  }, []);
  if (people === null) {
    return null;
  }
  const become = (token) => {
    callAs(token || null);
    introspect();
  };
  return people.length > 0 ? <Choice people={people} become={become} /> : <TokenField become={become} />;
}

function Choice({ people, become }) {
  return (
    <label className="sign-in">
      Sign in as
      <select name="sign-in" onChange={(event) => become(event.target.value)}>
        <option value="">nobody</option>
        {people.map(({ name, token }) => (
          <option key={name} value={token}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function TokenField({ become }) {
  return (
    <label className="sign-in">
      Bearer token
      <input type="password" autoComplete="off" onBlur={(event) => become(event.target.value.trim())} />
    </label>
  );
}
