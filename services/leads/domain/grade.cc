#include "services/leads/domain/grade.h"

namespace finalmile::leads::domain {

std::string Grade(const GradeEdges& edges, double fit, double engagement) {
  const char letter = fit >= edges.fit_a ? 'A' : fit >= edges.fit_b ? 'B' : fit >= edges.fit_c ? 'C' : 'D';
  const char digit = engagement >= edges.engagement_1   ? '1'
                     : engagement >= edges.engagement_2 ? '2'
                     : engagement >= edges.engagement_3 ? '3'
                                                        : '4';
  return {letter, digit};
}

}  // namespace finalmile::leads::domain
