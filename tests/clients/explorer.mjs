// GraphiQL as a person uses it, in a real Chromium that can reach only the API.
import assert from "node:assert/strict";

import puppeteer from "puppeteer-core";

const { API, CHROMIUM, SCREENSHOT, MEMBER } = process.env;
const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];
const origin = new URL(API).origin;
const [requested, complaints] = [[], []];

const browser = await puppeteer.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(30_000);
  await page.setViewport({ width: 1500, height: 950 });
  page.on("request", (request) => requested.push(request.url()));
  page.on("console", (message) => ["error", "warn"].includes(message.type()) && complaints.push(message.text().slice(0, 200)));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await explore(page).catch(async (error) => {
    await page.screenshot({ path: SCREENSHOT });
    throw new Error(`${SCREENSHOT} shows the page at the failure; console: ${complaints}`, { cause: error });
  });
} finally {
  await browser.close();
}
assert.deepEqual(complaints, [], "no errors or warnings in the console");
const elsewhere = requested.filter((url) => !url.startsWith(`${origin}/`) && !url.startsWith("data:"));
assert.deepEqual(elsewhere, [], "no request leaves the machine");

async function explore(page) {
  await page.goto(API, { waitUntil: "networkidle0" });
  await signIn(page, "Lucía");

  await run(page, "PointsCenter");
  await shown(page, '"available":');
  await pointsHistory(page);

  await run(page, "Share");
  await shown(page, '"outcome": "GRANTED"');
  await shown(page, '"remaining":');

  await run(page, "Follow");
  await shown(page, '"pending": 20');
  await shareElsewhere();
  await shown(page, '"pending": 30');
  await page.click(".graphiql-execute-button");

  await docsOf(page, "redeemPoints", ["storefront with miId, and a member its own", "Costs 11", "NotEnoughPoints"]);
  await page.screenshot({ path: SCREENSHOT });
  await fieldsByClicking(page);
  await noTokenIsStored(page);
}

async function signIn(page, name) {
  const choice = await page.waitForSelector("select[name=sign-in]");
  const token = await choice.evaluate((select, name) => {
    return [...select.options].find((option) => option.text.startsWith(name)).value;
  }, name);
  await page.select("select[name=sign-in]", token);
}

async function run(page, name) {
  await (await page.waitForSelector(`::-p-xpath(//button[contains(@class, "graphiql-tab-button")][.="${name}"])`)).click();
  await page.waitForFunction((name) => document.querySelector(".graphiql-editor .view-lines")?.textContent.includes(name), {}, name);
  await page.click(".graphiql-execute-button");
}

async function shown(page, words) {
  const isThere = (words) => {
    const lines = document.querySelector(".graphiql-response .view-lines");
    return lines?.innerText.replaceAll("\u00a0", " ").includes(words);
  };
  await page.waitForFunction(isThere, {}, words).catch(async () => {
    assert.fail(`The response does not show ${words}: ${await page.$eval(".graphiql-response", (all) => all.innerText)}`);
  });
}

async function pointsHistory(page) {
  const first = answerTo(page, "History");
  await run(page, "History");
  const answer = await first;
  assert.ok(answer.data, JSON.stringify(answer));
  const { nodes, pageInfo } = answer.data.me.pointsHistory;
  assert.equal(pageInfo.hasNextPage, true);
  await page.click(".graphiql-editor-tool .view-lines");
  await page.keyboard.down("Control");
  await page.keyboard.press("KeyA");
  await page.keyboard.up("Control");
  const variables = JSON.stringify({ first: 2, after: pageInfo.endCursor });
  await page.keyboard.sendCharacter(variables.slice(0, -2)); // the editor adds the closing quote and brace
  const second = answerTo(page, "History");
  await page.click(".graphiql-execute-button");
  const more = (await second).data.me.pointsHistory;
  assert.ok(more.nodes.length > 0);
  assert.ok(!more.nodes.some((node) => JSON.stringify(nodes).includes(JSON.stringify(node))), "it is the next page");
  await shown(page, '"hasNextPage": false');
}

async function answerTo(page, operation) {
  const answer = await page.waitForResponse((response) => {
    return response.request().method() === "POST" && response.request().postData()?.includes(`query ${operation}`);
  });
  return answer.json();
}

async function shareElsewhere() {
  const query = `mutation { earnPoints(input: { activity: { linkShare: { productId: "elsewhere" } } }, idempotencyKey: "elsewhere") { __typename } }`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${MEMBER}` };
  const answer = await (await fetch(API, { method: "POST", headers, body: JSON.stringify({ query }) })).json();
  assert.equal(answer.data.earnPoints.__typename, "PointsVerdict");
}

async function docsOf(page, field, words) {
  if (!(await page.$(".graphiql-doc-explorer"))) {
    await page.click('button[aria-label="Show Documentation Explorer"]');
  }
  await page.waitForSelector(".graphiql-doc-explorer-search-input");
  await page.click(".graphiql-doc-explorer-search");
  await page.type(".graphiql-doc-explorer-search input", field);
  await (await page.waitForSelector('::-p-xpath(//*[@role="option"][contains(., "' + field + '")])')).click();
  await page.waitForFunction(
    (words) => words.every((each) => document.querySelector(".graphiql-doc-explorer")?.innerText.includes(each)), {}, words,
  );
}

async function fieldsByClicking(page) {
  await page.click('button[aria-label="Show GraphiQL Explorer"]');
  await page.waitForFunction(() => document.querySelector(".docExplorerWrap")?.innerText.includes("pendingPoints"));
  await page.screenshot({ path: SCREENSHOT.replace(".png", "-fields.png") });
}

async function noTokenIsStored(page) {
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + location.href + document.cookie);
  assert.ok(stored.includes("PointsCenter"), "tabs are stored");
  assert.ok(!stored.includes("eyJ"), "no token is stored");
}
