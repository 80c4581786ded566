package dev.tidemark.simulation;

/**
 * The key of a row.
 *
 * @param number of the row within its partition, where there are several
 */
record Key(Table table, int partition, long number) implements Comparable<Key> {
    enum Table {
        STORE,
        BINDING,
        OFFSET,
        STATE,
        LOG_END,
        PAUSE,
        LETTER,
        AUDIT,
        EFFECT,
        TOTAL
    }

    static final Key BINDING = new Key(Table.BINDING, 0, 0);

    static Key offset(int partition) {
        return new Key(Table.OFFSET, partition, 0);
    }

    static Key state(int partition) {
        return new Key(Table.STATE, partition, 0);
    }

    static Key logEnd(int partition) {
        return new Key(Table.LOG_END, partition, 0);
    }

    static Key total(long number) {
        return new Key(Table.TOTAL, 0, number);
    }

    @Override
    public int compareTo(Key other) {
        int byTable = table.compareTo(other.table);
        if (byTable != 0) {
            return byTable;
        }
        return partition != other.partition
                ? Integer.compare(partition, other.partition)
                : Long.compare(number, other.number);
    }

    /** The same in every virtual machine. */
    @Override
    public int hashCode() {
        return table.name().hashCode() + partition * 31 + Long.hashCode(number);
    }
}
