/** A media worker that never comes to the end of its start. */
for (;;);
