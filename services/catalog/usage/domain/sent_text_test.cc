#include "services/catalog/usage/domain/sent_text.h"

#include <gtest/gtest.h>

namespace finalmile::catalog::usage::domain {
namespace {

const std::string kOwn = "Hi Ann,\nhere is what we talked about.\n";

TEST(SentText, QuotedMessagesAreLeftOut) {
  for (const std::string quoted : {
           "> On pricing: it is too high\n> and slow\n",
           "On Mon, 2 Mar 2026 at 10:01, Ann Bell <ann@example.com> wrote:\n> it is too high\n",
           "On Mon, 2 Mar 2026 at 10:01, Ann Bell\n<ann@example.com> wrote:\n\nit is too high\n",
           "Am 02.03.2026 um 10:01 schrieb Ann Bell <ann@example.com>:\nes ist zu teuer\n",
           "Ann Bell <ann@example.com> schrieb am Mo., 2. März 2026, 10:01:\n> es ist zu teuer\n",
           "Le lun. 2 mars 2026 à 10:01, Ann Bell <ann@example.com> a écrit :\nc'est trop cher\n",
           "El lun, 2 mar 2026 a las 10:01, Ann Bell (<ann@example.com>) escribió:\nes muy caro\n",
           "-----Original Message-----\nFrom: Ann Bell\nit is too high\n",
           "-----Ursprüngliche Nachricht-----\nVon: Ann Bell\nes ist zu teuer\n",
           "---------- Forwarded message ---------\nit is too high\n",
           "Begin forwarded message:\n\nit is too high\n",
           "From: Ann Bell <ann@example.com>\nSent: Monday, 2 March 2026 10:01\nTo: Kim\nit is too high\n",
           "*Von:* Ann Bell\n*Gesendet:* Montag, 2. März 2026 10:01\nes ist zu teuer\n",
           "________________________________\nFrom: Ann Bell\nDate: Monday\nit is too high\n",
       }) {
    EXPECT_EQ(ReadSent(kOwn + quoted).written.substr(0, kOwn.size()), kOwn) << quoted;
    EXPECT_LE(ReadSent(kOwn + quoted).written.size(), kOwn.size() + 34) << quoted;
    EXPECT_EQ(ReadSent(kOwn + quoted).written.find("high"), std::string::npos) << quoted;
    EXPECT_EQ(ReadSent(kOwn + quoted).written.find("teuer"), std::string::npos) << quoted;
  }
}

TEST(SentText, AnAnswerBelowMarkedLinesStays) {
  EXPECT_EQ(ReadSent("On 2 March Ann wrote 10:01, Ann wrote:\n> too high\n>> really?\n\n" + kOwn).written,
            "\n" + kOwn);
  EXPECT_EQ(ReadSent("> too high\n" + kOwn).written, kOwn);
}

TEST(SentText, SignaturesAreLeftOut) {
  for (const std::string signature : {"-- \nKim\n+49 30 123\n", "--\nKim\n", "Sent from my iPhone\n",
                                      "Von meinem iPhone gesendet\n", "Get Outlook for iOS\n"}) {
    EXPECT_EQ(ReadSent(kOwn + signature).written, kOwn) << signature;
  }
  for (const std::string closing : {"Best regards,", "Mit freundlichen Grüßen", "Viele Grüße!",
                                    "Cordialement,", "Saludos", "Best,", "Kind regards"}) {
    const SentText sent = ReadSent(kOwn + closing + "\nKim Lee\nAcme\nThis e-mail is confidential.\n");
    EXPECT_EQ(sent.body, kOwn + closing + "\n") << closing;
    EXPECT_EQ(sent.written, kOwn + closing + "\nKim Lee\nAcme\nThis e-mail is confidential.\n");
  }
}

TEST(SentText, WhatLooksSimilarStays) {
  for (const std::string text : {
           "From: what we heard, it is too high.\nWe agree.\n",
           "On pricing I wrote:\nit is fair.\n",
           "Best regards to your team, we hope that they like it.\nMore soon.\n",
           "---\nA rule, and then more.\n",
           "On Monday we meet at 10:30.\n",
           "5 > 3, and that is why.\n",
       }) {
    EXPECT_EQ(ReadSent(text).written, text);
    EXPECT_EQ(ReadSent(text).body, text);
  }
}

TEST(SentText, SomethingIsAlwaysLeft) {
  EXPECT_EQ(ReadSent("").written, "");
  EXPECT_EQ(ReadSent("> only quoted").written, "> only quoted");
  EXPECT_EQ(ReadSent("Best regards,\nKim").body, "Best regards,\nKim\n");
  EXPECT_EQ(ReadSent("one line without an end").written, "one line without an end\n");
  EXPECT_EQ(ReadSent("Hi\r\nAnn\r\n> x\r\n").written, "Hi\nAnn\n");
}

}  // namespace
}  // namespace finalmile::catalog::usage::domain
