import type { CodeEntry } from "../error.ts";

export const gatewayCodes = {
	GATEWAY_BUG: {
		what: "The gateway met a state that its authors thought impossible; the call was ended on both sides.",
		remedy: "Report it with the log lines of the call.",
	},
} as const satisfies Record<string, CodeEntry>;
