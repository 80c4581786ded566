/** What is kept of each cell, and the pages and pictures that are made of it. */
package dev.tidemark.proof.chaos.report;
