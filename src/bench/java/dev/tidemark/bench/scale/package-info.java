/** What many partitions, full buffers, rebalances and a million units cost, measured on real servers. */
package dev.tidemark.bench.scale;
