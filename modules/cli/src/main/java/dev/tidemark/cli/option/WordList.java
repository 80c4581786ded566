package dev.tidemark.cli.option;

import java.util.Iterator;
import java.util.List;

/** Words in their order. Picocli makes one by its class. */
abstract class WordList implements Iterable<String> {
    private final List<String> words;

    WordList(List<String> words) {
        this.words = List.copyOf(words);
    }

    @Override
    public Iterator<String> iterator() {
        return words.iterator();
    }
}
