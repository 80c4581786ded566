package dev.tidemark.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A page of the docs, of which tests run what it shows. */
record DocPage(String text) {
    static DocPage of(String path) {
        try {
            return new DocPage(Files.readString(Path.of(path)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The code blocks of a language below this heading, up to the next one. */
    List<String> below(String heading, String language) {
        int from = text.indexOf("\n## " + heading + "\n");
        if (from < 0) {
            throw new IllegalArgumentException("no heading " + heading);
        }
        int to = text.indexOf("\n## ", from + 1);
        return new DocPage(text.substring(from, to < 0 ? text.length() : to)).blocks(language);
    }

    /** All code blocks of a language. */
    List<String> blocks(String language) {
        return Pattern.compile("^ *```" + language + "\n(.*?)^ *```$", Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(text)
                .results()
                .map(MatchResult::group)
                .map(block -> block.substring(block.indexOf('\n') + 1, block.lastIndexOf("```")))
                .toList();
    }
}
