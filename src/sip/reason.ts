/** One value of a Reason header (RFC 3326): why a BYE or CANCEL was sent, or (RFC 6432) a call was refused. */
export interface Reason {
	/** Q.850 cause (1 to 127) or SIP status. */
	readonly cause: number;
	readonly text: string;
	/** Default Q.850. */
	readonly protocol?: "SIP" | "Q.850";
}
