package dev.tidemark.demo;

import java.util.Locale;

/** Standard output, line by line from any thread, silent once the demo is being ended. */
final class Screen {
    private boolean silent;

    synchronized void line(String format, Object... values) {
        if (!silent) {
            System.out.println(String.format(Locale.ROOT, format, values));
        }
    }

    /** What fails while everything is being stopped is not reported again. */
    synchronized void silence() {
        silent = true;
    }
}
