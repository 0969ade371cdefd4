#include "tests/coaching/dialogues.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "services/finalmile/csv/reader.h"

namespace finalmile::coaching {
namespace {

// The rows of a CSV file behind the names of its columns.
std::vector<std::vector<std::string>> ReadRows(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  auto reader = cli::csv::Reader::Open(file, ',');
  EXPECT_TRUE(reader.ok()) << path << ": " << reader.status();
  std::vector<std::vector<std::string>> rows;
  cli::csv::Row row;
  while (reader.ok() && (*reader)->Next(row).value_or(false)) rows.push_back(row.cells);
  if (!rows.empty()) rows.erase(rows.begin());
  return rows;
}

KeyMessage Message(std::string id, std::vector<std::string> cues, int order = 0) {
  KeyMessage message;
  message.id = std::move(id);
  message.text = message.id;
  message.cues = std::move(cues);
  message.order = order;
  return message;
}

}  // namespace

std::vector<Dialogue> ReadPersuasions(const std::string& folder) {
  std::map<std::string, bool> donated;
  for (const auto& row : ReadRows(folder + "/outcomes.csv")) {
    if (row.at(1) == "1") donated[row.at(0)] = std::stod(row.at(2)) > 0;
  }
  std::vector<Dialogue> dialogues;
  for (const auto& row : ReadRows(folder + "/full_dialog.csv")) {
    if (dialogues.empty() || dialogues.back().id != row.at(4))
      dialogues.push_back({row.at(4), {}, donated.at(row.at(4))});
    Turn turn;
    turn.role = row.at(3) == "0" ? Role::kRep : Role::kGuest;
    turn.text = row.at(1);
    dialogues.back().turns.push_back(std::move(turn));
  }
  return dialogues;
}

std::vector<Dialogue> ReadNegotiations(const std::string& folder) {
  std::vector<Dialogue> dialogues;
  for (const char* name : {"/casino_test.json", "/casino_valid.json"}) {
    std::ifstream file(folder + name, std::ios::binary);
    const auto read = nlohmann::json::parse(file);
    for (const auto& one : read) {
      Dialogue dialogue;
      dialogue.id = std::to_string(one.at("dialogue_id").get<int>());
      const auto& log = one.at("chat_logs");
      for (const auto& said : log) {
        Turn turn;
        turn.role = said.at("id") == log.at(0).at("id") ? Role::kRep : Role::kGuest;
        turn.text = said.at("text").get<std::string>();
        dialogue.agreed = dialogue.agreed || turn.text == "Accept-Deal";
        dialogue.turns.push_back(std::move(turn));
      }
      dialogues.push_back(std::move(dialogue));
    }
  }
  return dialogues;
}

AnalysisTrack DonationTrack() {
  AnalysisTrack track;
  track.key_messages = {
      Message("the charity", {"\"save the children\"", "have you heard of the charity"}, 1),
      Message("what it does",
              {"ensures children's rights to health, education and safety",
               "helps children in developing countries", "relief for children in need"},
              2),
      Message("how to give",
              {"donation directly deducted from your task payment", "choose any amount from your payment"},
              3),
      Message("the ask",
              {"\"would you like to donate\"", "\"how much would you like to donate\"", "willing to donate",
               "donate some of your payment", "make a donation today"},
              4),
      Message("little helps", {"every little bit helps", "even a small donation helps",
                               "a small amount makes a difference", "every penny counts"}),
  };
  track.avoid = {"you should", "you have to", "trust me", "scam"};
  return track;
}

AnalysisTrack CampingTrack() {
  AnalysisTrack track;
  track.key_messages = {
      Message("ask for needs",
              {"\"what do you need\"", "which item is important to you", "top priority item"}, 1),
      Message("own need", {"need extra food", "need more water", "need the firewood to stay warm"}, 2),
      Message("offer", {"you get two firewood", "give you three food", "give you all the water"}, 3),
      Message("fair", {"sound fair", "fair deal", "even split"}),
  };
  track.avoid = {"not fair", "no deal", "take it or leave it"};
  return track;
}

}  // namespace finalmile::coaching
