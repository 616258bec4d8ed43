/**
 * Turns messages into what operations take and give, and back, by their descriptors. The names of fields in JSON are those of
 * the TypeScript types. Two shapes of messages stand for something else than an object:
 * - one whose only field is a list stands for the list;
 * - one whose fields are all in one oneof stands for a union: its first field for itself, any other for `{ name: value }`.
 * Pure.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { type ReflectList, type ReflectMap, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { ChoreError } from "../../index.ts";

type Plain = Readonly<Record<string, unknown>>;

/**
 * What a message says. Optional fields, lists and maps are there only if they are set; those that are named in a field `clear`
 * are null or empty.
 *
 * @throws ChoreError INVALID_ARGUMENT for a number that JSON cannot carry, and for a wrong name in `clear`
 */
export function plainOf(message: ReflectMessage): unknown {
	const { desc } = message;
	const [first] = desc.fields;
	const given = desc.fields.filter((field) => isGiven(message, field));
	if (first !== undefined && isList(desc)) return plainField(message, first);
	if (isUnion(desc)) {
		const [chosen] = given;
		if (chosen === undefined) return undefined;
		const value = plainField(message, chosen);
		return chosen === first ? value : { [chosen.jsonName]: value };
	}
	const entries = given.map((field) => [field.jsonName, plainField(message, field)] as const);
	// A union of which nothing is set says nothing.
	const { clear, ...plain } = Object.fromEntries(entries.filter(([, value]) => value !== undefined));
	return clear === undefined ? plain : { ...plain, ...cleared(desc, clear as readonly string[]) };
}

/** The message that says this. What is undefined or null is not set; what the message has no field for is left out. */
export function messageOf(desc: DescMessage, plain: unknown): ReflectMessage {
	const message = reflect(desc);
	const object = objectOf(desc, plain);
	for (const field of desc.fields) {
		const value = object[field.jsonName];
		if (value === undefined || value === null) continue;
		switch (field.fieldKind) {
			case "list": {
				const list: ReflectList = message.get(field);
				for (const one of value as readonly unknown[]) list.add(fieldValue(field, one));
				break;
			}
			case "map": {
				const map: ReflectMap = message.get(field);
				for (const [key, one] of Object.entries(value)) map.set(key.toWellFormed(), fieldValue(field, one));
				break;
			}
			default:
				message.set(field, fieldValue(field, value));
		}
	}
	return message;
}

function isList(desc: DescMessage): boolean {
	return desc.fields.length === 1 && desc.fields[0]?.fieldKind === "list";
}

function isUnion(desc: DescMessage): boolean {
	const [oneof] = desc.oneofs;
	return oneof !== undefined && oneof.fields.length === desc.fields.length;
}

/** A field that is always there in JSON cannot be told from one that was not set: it is given in any case. */
function isGiven(message: ReflectMessage, field: DescField): boolean {
	const isAlwaysThere = field.fieldKind === "scalar" && field.presence === IMPLICIT && field.oneof === undefined;
	return isAlwaysThere || message.isSet(field);
}

/** FeatureSet.FieldPresence.IMPLICIT of google/protobuf/descriptor.proto. */
const IMPLICIT = 2;

function plainField(message: ReflectMessage, field: DescField): unknown {
	switch (field.fieldKind) {
		case "list":
			return [...(message.get(field) as ReflectList)].map((one) => plainValue(field, one));
		case "map":
			return Object.fromEntries([...(message.get(field) as ReflectMap)].map(([key, one]) => [key, plainValue(field, one)]));
		default:
			return plainValue(field, message.get(field));
	}
}

function plainValue(field: DescField, value: unknown): unknown {
	if (field.message !== undefined) return plainOf(value as ReflectMessage);
	if (typeof value === "bigint") return numberOf(field, value);
	if (value instanceof Uint8Array && field.jsonName === "base64") return Buffer.from(value).toString("base64");
	return value;
}

function numberOf(field: DescField, value: bigint): number {
	const number = Number(value);
	if (Number.isSafeInteger(number)) return number;
	throw new ChoreError("INVALID_ARGUMENT", `${field.name} must be between ±${Number.MAX_SAFE_INTEGER}, not ${value}`);
}

function cleared(desc: DescMessage, names: readonly string[]): Plain {
	const entries = names.map((name) => {
		const field = desc.fields.find((one) => one.name === name && name !== "clear");
		if (field === undefined) throw new ChoreError("INVALID_ARGUMENT", `clear: there is no field "${name}" to take away`);
		return [field.jsonName, field.fieldKind === "list" ? [] : field.fieldKind === "map" ? {} : null] as const;
	});
	return Object.fromEntries(entries);
}

function objectOf(desc: DescMessage, plain: unknown): Plain {
	const [first, ...others] = desc.fields.map(({ jsonName }) => jsonName);
	if (first === undefined) return {};
	if (isList(desc)) return { [first]: Array.isArray(plain) ? plain : [plain] };
	if (!isUnion(desc)) return plain as Plain;
	const isWrapped = typeof plain === "object" && plain !== null && others.some((name) => name in plain);
	return isWrapped ? (plain as Plain) : { [first]: plain };
}

function fieldValue(field: DescField, value: unknown): unknown {
	if (field.message !== undefined) return messageOf(field.message, value);
	if (typeof value === "string") return field.scalar === ScalarType.BYTES ? Buffer.from(value, "base64") : value.toWellFormed();
	if (typeof value === "number" && field.scalar === ScalarType.INT64) return BigInt(Math.round(value));
	return value;
}
