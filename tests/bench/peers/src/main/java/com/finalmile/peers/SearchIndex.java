package com.finalmile.peers;

import com.google.gson.Gson;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.BreakIterator;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.facet.FacetResult;
import org.apache.lucene.facet.FacetsCollector;
import org.apache.lucene.facet.FacetsConfig;
import org.apache.lucene.facet.sortedset.DefaultSortedSetDocValuesReaderState;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesFacetCounts;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesFacetField;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesReaderState;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.MultiTerms;
import org.apache.lucene.index.Term;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.DisjunctionMaxQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.MultiCollector;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopScoreDocCollector;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.search.spell.DirectSpellChecker;
import org.apache.lucene.search.spell.SuggestMode;
import org.apache.lucene.search.spell.SuggestWord;
import org.apache.lucene.search.uhighlight.LengthGoalBreakIterator;
import org.apache.lucene.search.uhighlight.UnifiedHighlighter;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.BytesRef;

/** The documents of the catalog in one segment of Lucene, and a search that answers what the catalog's does. */
final class SearchIndex {
  /** A line of the file. */
  private record Entry(String asset, String title, String tags, String summary, String body, List<List<String>> facets) {}

  /** @param total all documents that match, counted and not estimated */
  record Answer(long total, int hits, int facets, int snippets) {}

  private static final int HITS = 10;
  private static final int FEW = 10;
  private static final int WORDS_THAT_MAY_MISS = 3;
  private static final int COMPLETIONS = 16;
  private static final int MIN_PREFIX = 3;
  private static final int FACET_VALUES = 20;
  private static final int SNIPPET = 200;
  private static final String ALL = "all";
  private static final String BODY = "body";

  private final Analyzer analyzer = new EnglishAnalyzer();
  private final DirectSpellChecker spelling = new DirectSpellChecker();
  private final DirectoryReader reader;
  private final IndexSearcher searcher;
  private final SortedSetDocValuesReaderState facetState;
  private final UnifiedHighlighter highlighter;
  private final Terms terms;

  SearchIndex(Path documents, Path folder) throws IOException {
    FacetsConfig facets = new FacetsConfig();
    MMapDirectory directory = new MMapDirectory(folder);
    try (IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(analyzer).setRAMBufferSizeMB(256));
         BufferedReader lines = Files.newBufferedReader(documents)) {
      Gson gson = new Gson();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) add(gson.fromJson(line, Entry.class), facets, writer);
      writer.forceMerge(1);
    }
    reader = DirectoryReader.open(directory);
    searcher = new IndexSearcher(reader);
    searcher.setQueryCache(null);
    terms = MultiTerms.getTerms(reader, ALL);
    facetState = new DefaultSortedSetDocValuesReaderState(reader, facets);
    highlighter = UnifiedHighlighter.builder(searcher, analyzer)
        .withFieldMatcher(field -> true)
        .withMaxLength(128 << 10)
        .withBreakIterator(() -> LengthGoalBreakIterator.createClosestToLength(BreakIterator.getSentenceInstance(Locale.ROOT), SNIPPET, 0.5f))
        .build();
    spelling.setMaxEdits(2);
  }

  int size() {
    return reader.numDocs();
  }

  /** One field is searched, in which a word counts as often as its field weighs: a match reads one list for each word. */
  private static void add(Entry entry, FacetsConfig facets, IndexWriter writer) throws IOException {
    FieldType searched = new FieldType();
    searched.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    searched.setTokenized(true);
    Document document = new Document();
    document.add(new StoredField("asset", entry.asset()));
    document.add(new StoredField(BODY, entry.body()));
    String[] texts = {entry.title(), entry.tags(), entry.summary(), entry.body()};
    int[] weights = {10, 5, 3, 1};
    for (int field = 0; field < texts.length; ++field) {
      for (int i = 0; i < weights[field]; ++i) document.add(new Field(ALL, texts[field], searched));
    }
    for (List<String> facet : entry.facets()) {
      facets.setMultiValued(facet.get(0), true);
      if (!facet.get(1).isEmpty()) document.add(new SortedSetDocValuesFacetField(facet.get(0), facet.get(1)));
    }
    writer.addDocument(facets.build(document));
  }

  Answer search(String text) throws IOException {
    List<Query> words = parse(text);
    if (words.isEmpty()) return new Answer(0, 0, 0, 0);
    FacetsCollector collected = new FacetsCollector();
    Query query = atLeast(words.size(), words);
    TopDocs found = collect(query, collected);
    boolean none = found.totalHits.value == 0;
    if (words.size() >= (none ? 2 : WORDS_THAT_MAY_MISS) && found.totalHits.value < FEW) {
      for (int least = words.size() - 1; least > 0; --least) {
        collected = new FacetsCollector();
        query = atLeast(least, words);
        found = collect(query, collected);
        if (found.totalHits.value > 0) {
          // Where none has all, those with half as many words as the best one count too.
          int half = (least + 1) / 2;
          if (none && half < least) {
            collected = new FacetsCollector();
            query = atLeast(half, words);
            found = collect(query, collected);
          }
          break;
        }
      }
    }
    int values = 0;
    if (found.totalHits.value > 0) {
      for (FacetResult facet : new SortedSetDocValuesFacetCounts(facetState, collected).getAllDims(FACET_VALUES)) {
        values += facet.labelValues.length;
      }
    }
    int snippets = 0;
    if (found.scoreDocs.length > 0) {
      for (String snippet : highlighter.highlight(BODY, query, found)) snippets += snippet == null ? 0 : 1;
    }
    var stored = searcher.storedFields();
    for (var hit : found.scoreDocs) {
      if (stored.document(hit.doc, java.util.Set.of("asset")).get("asset") == null) throw new IOException("a hit has no name");
    }
    return new Answer(found.totalHits.value, found.scoreDocs.length, values, snippets);
  }

  private TopDocs collect(Query query, FacetsCollector facets) throws IOException {
    TopScoreDocCollector best = new TopScoreDocCollectorManager(HITS, null, Integer.MAX_VALUE, false).newCollector();
    searcher.search(query, MultiCollector.wrap(best, facets));
    return best.topDocs();
  }

  private static Query atLeast(int least, List<Query> words) {
    BooleanQuery.Builder all = new BooleanQuery.Builder();
    boolean must = least == words.size();
    for (Query word : words) all.add(word, must ? BooleanClause.Occur.MUST : BooleanClause.Occur.SHOULD);
    if (!must) all.setMinimumNumberShouldMatch(least);
    return all.build();
  }

  private List<Query> parse(String text) throws IOException {
    List<String> words = new ArrayList<>();
    try (TokenStream tokens = analyzer.tokenStream(ALL, text)) {
      CharTermAttribute word = tokens.addAttribute(CharTermAttribute.class);
      tokens.reset();
      while (tokens.incrementToken()) words.add(word.toString());
      tokens.end();
    }
    List<Query> queries = new ArrayList<>();
    for (int i = 0; i < words.size(); ++i) {
      String word = words.get(i);
      int occurs = reader.docFreq(new Term(ALL, word));
      List<Query> forms = new ArrayList<>();
      if (i + 1 == words.size()) {
        for (String completion : completions(word, occurs)) forms.add(new TermQuery(new Term(ALL, completion)));
      }
      if (occurs == 0 && forms.isEmpty()) word = nearest(word);
      forms.add(new TermQuery(new Term(ALL, word)));
      queries.add(forms.size() == 1 ? forms.get(0) : new DisjunctionMaxQuery(forms, 0));
    }
    return queries;
  }

  /** The words of most documents that begin so and occur in more documents than the word itself. */
  private List<String> completions(String prefix, int occurs) throws IOException {
    record Found(String word, int documents) {}
    List<Found> found = new ArrayList<>();
    if (prefix.length() < MIN_PREFIX) return List.of();
    BytesRef start = new BytesRef(prefix);
    TermsEnum each = terms.iterator();
    if (each.seekCeil(start) == TermsEnum.SeekStatus.END) return List.of();
    for (BytesRef term = each.term(); term != null && org.apache.lucene.util.StringHelper.startsWith(term, start); term = each.next()) {
      if (each.docFreq() > occurs) found.add(new Found(term.utf8ToString(), each.docFreq()));
    }
    found.sort(Comparator.comparingInt(Found::documents).reversed());
    return found.stream().limit(COMPLETIONS).map(Found::word).toList();
  }

  private String nearest(String word) throws IOException {
    SuggestWord[] near = spelling.suggestSimilar(new Term(ALL, word), 1, reader, SuggestMode.SUGGEST_WHEN_NOT_IN_INDEX);
    return near.length == 0 ? word : near[0].string;
  }
}
