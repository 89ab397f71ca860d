/** A Reason header's value (RFC 3326): `Q.850;cause=16;text="..."`. */
export interface SipReason {
	readonly protocol: "Q.850" | "SIP";
	readonly cause: number;
	readonly text: string;
}
