// Literals: inputs and outputs, each by its kind.

import { button, copyButton, element, foreign } from "./dom.js";
import { unpack } from "./msgpack.js";
import { durationWords } from "./time.js";

const ITEMS_FIRST = 50;
const LONG_CHARACTERS = 400;

const kind = (words) => element("span", { class: "kind" }, words);

function text(value) {
  if (value.length <= LONG_CHARACTERS && !value.includes("\n")) {
    return element("span", { class: "text" }, foreign(value === "" ? "“”" : value));
  }
  return element("div", {},
    element("pre", { tabindex: "0", role: "group", "aria-label": "Text" }, value),
    copyButton(() => value, "the text"));
}

function uri(address, ...words) {
  return element("span", {}, element("code", {}, foreign(address)), " ",
    kind(words.filter(Boolean).join(", ")), " ", copyButton(() => address, "the address"));
}

/** Entries as a list of names and values; the tail comes when asked for. */
function entries(pairs, render) {
  if (pairs.length === 0) return kind("empty");
  const list = element("dl", { class: "value" });
  const add = (some) => {
    for (const [name, value] of some) {
      list.append(element("div", {},
        element("dt", {}, foreign(name)), element("dd", {}, render(value))));
    }
  };
  add(pairs.slice(0, ITEMS_FIRST));
  if (pairs.length <= ITEMS_FIRST) return list;
  const rest = button(`Show all ${pairs.length}`, () => {
    rest.remove();
    add(pairs.slice(ITEMS_FIRST));
  }, { class: "small" });
  return element("div", {}, list, rest);
}

const numbered = (items) => items.map((item, index) => [String(index), item]);

/** A value of JSON or MessagePack. */
function plain(value) {
  if (value === null) return kind("none");
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return entries(numbered(value), plain);
  if (value instanceof Map) return entries([...value], plain);
  if (typeof value === "object") return entries(Object.entries(value), plain);
  return element("span", { class: "text" }, String(value));
}

function primitive(value) {
  const [[name, content]] = Object.entries(value);
  if (name === "string_value") return text(content);
  const shown = name === "duration" ? durationWords(Number.parseFloat(content)) : String(content);
  return element("span", {}, element("span", { class: "text", title: String(content) }, shown), " ",
    kind(name.replace("_value", "")));
}

function binary({ value, tag }) {
  if (tag === "msgpack") {
    try {
      return plain(unpack(value));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return kind(`binary${tag ? " " + tag : ""}, ${atob(value).length} bytes`);
}

function scalar(value) {
  if (value.primitive) return primitive(value.primitive);
  if (value.blob) {
    const type = value.blob.metadata?.type || {};
    return uri(value.blob.uri, type.dimensionality === "MULTIPART" ? "directory" : "file", type.format);
  }
  if (value.structured_dataset) {
    return uri(value.structured_dataset.uri, "dataset",
      value.structured_dataset.metadata?.structured_dataset_type?.format);
  }
  if (value.schema) return uri(value.schema.uri, "schema");
  if (value.binary) return binary(value.binary);
  if (value.generic) return plain(value.generic);
  if (value.union) return literal(value.union.value);
  if (value.error) return text(value.error.message || "");
  return kind("none");
}

function literal(value) {
  if (value?.scalar) return scalar(value.scalar);
  if (value?.collection) return entries(numbered(value.collection.literals), literal);
  if (value?.map) return entries(Object.entries(value.map.literals), literal);
  return kind("none");
}

/** Sections of inputs and outputs, from the reply about an execution or a node in `phase`. */
export function valueBlocks(data, phase, level) {
  const blocks = [valuesBlock("Inputs", data.full_inputs, level)];
  const made = Object.keys(data.full_outputs?.literals || {}).length > 0;
  if (made || phase === "SUCCEEDED") blocks.push(valuesBlock("Outputs", data.full_outputs, level));
  return blocks;
}

/** A section with the literals of a LiteralMap. */
function valuesBlock(title, literals, level) {
  const pairs = Object.entries(literals?.literals || {});
  return element("section", { class: "values" }, element(level, {}, title),
    pairs.length > 0 ? entries(pairs, literal) : element("p", { class: "quiet" }, "None"));
}
