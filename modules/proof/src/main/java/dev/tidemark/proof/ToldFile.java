package dev.tidemark.proof;

import dev.tidemark.proof.check.ToldCheck.Told;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a client was told is committed: a line {@code partition first last} for each commit and partition. */
public final class ToldFile {
    private ToldFile() {}

    /** Reads it; a last line that its process did not finish is left out. */
    public static List<Told> read(Path file) throws IOException {
        List<Told> told = new ArrayList<>();
        String text = Files.readString(file);
        for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n")) {
            String[] words = line.strip().split(" ");
            if (words.length == 3) {
                told.add(new Told(Integer.parseInt(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2])));
            }
        }
        return told;
    }
}
