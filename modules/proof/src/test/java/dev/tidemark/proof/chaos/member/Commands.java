package dev.tidemark.proof.chaos.member;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** What the harness tells a member on its standard input: a word a line. */
public final class Commands {
    private final Map<String, Runnable> meanings = new HashMap<>();

    /** Gives a word a meaning. */
    public Commands on(String word, Runnable meaning) {
        meanings.put(word, meaning);
        return this;
    }

    /** Obeys the lines of this stream from now on. */
    public void obey(InputStream in) {
        Thread thread = new Thread(() -> read(in), "commands");
        thread.setDaemon(true);
        thread.start();
    }

    private void read(InputStream in) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                meanings.getOrDefault(line, () -> {}).run();
            }
        } catch (IOException e) {
            // The harness is gone, which ends this process as well.
        }
    }
}
